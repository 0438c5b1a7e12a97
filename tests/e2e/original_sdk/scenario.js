// Drives every method of the original SDK, in the order of a real release, and prints each result as JSON.
// Usage: node scenario.js MODULE SERVER_URL ACCESS_KEY OTHER_EMAIL BUNDLE_FOLDER [BUNDLE_FOLDER ...]
"use strict";
const [module_, serverUrl, accessKey, otherEmail, first, second, third] = process.argv.slice(2);
const CodePush = require(module_);
const sdk = new CodePush(accessKey, undefined, serverUrl);
const stranger = new CodePush("not-a-key-of-anybody", undefined, serverUrl);
const nowhere = new CodePush(accessKey, undefined, "http://127.0.0.1:9");
const given = {};

async function step(name, call) {
  try {
    const value = await call();
    given[name] = value === undefined ? null : value;
  } catch (error) {
    given[name] = { error: error.message, statusCode: error.statusCode };
  }
}

async function scenario() {
  await step("isAuthenticated", () => sdk.isAuthenticated());
  await step("isAuthenticated, stranger", () => stranger.isAuthenticated());
  await step("isAuthenticated, stranger, thrown", () => stranger.isAuthenticated(true));
  await step("getAccountInfo", () => sdk.getAccountInfo());
  await step("getAccountInfo, no server", () => nowhere.getAccountInfo());

  await step("addAccessKey", () => sdk.addAccessKey("ci key", 3600000));
  await step("addAccessKey, again", () => sdk.addAccessKey("ci key"));
  await step("new key works", () => new CodePush(given.addAccessKey.key, undefined, serverUrl).isAuthenticated());
  await step("getAccessKey", () => sdk.getAccessKey("ci key"));
  await step("getAccessKeys", () => sdk.getAccessKeys());
  await step("patchAccessKey", () => sdk.patchAccessKey("ci key", "nightly", 7200000));
  await step("removeAccessKey", () => sdk.removeAccessKey("nightly"));
  await step("getAccessKey, removed", () => sdk.getAccessKey("nightly"));
  await step("getSessions", () => sdk.getSessions());
  await step("removeSession", () => sdk.removeSession("nobody's machine"));

  await step("addApp", () => sdk.addApp("My App", "iOS", "React-Native"));
  await step("addApp, again", () => sdk.addApp("My App", "iOS", "React-Native"));
  await step("addApp, by hand", () => sdk.addApp("Bare", "Android", "Cordova", true));
  await step("getApps", () => sdk.getApps());
  await step("getApp", () => sdk.getApp("My App"));
  await step("getApp, unknown", () => sdk.getApp("Nope"));
  await step("renameApp", () => sdk.renameApp("My App", "Our App"));
  await step("removeApp", () => sdk.removeApp("Bare"));

  await step("addCollaborator", () => sdk.addCollaborator("Our App", otherEmail));
  await step("addCollaborator, unknown", () => sdk.addCollaborator("Our App", "nobody@example.test"));
  await step("getCollaborators", () => sdk.getCollaborators("Our App"));
  await step("removeCollaborator", () => sdk.removeCollaborator("Our App", otherEmail));

  await step("addDeployment", () => sdk.addDeployment("Our App", "Beta"));
  await step("addDeployment, again", () => sdk.addDeployment("Our App", "Beta"));
  await step("renameDeployment", () => sdk.renameDeployment("Our App", "Beta", "Gamma"));
  await step("getDeployments", () => sdk.getDeployments("Our App"));
  await step("getDeployment", () => sdk.getDeployment("Our App", "Gamma"));
  await step("removeDeployment", () => sdk.removeDeployment("Our App", "Gamma"));

  const progress = [];
  await step("release", () =>
    sdk.release("Our App", "Staging", first, "1.0.0", { description: "First", isMandatory: true }, (p) => progress.push(p)),
  );
  given.progress = progress;
  await step("release, identical", () => sdk.release("Our App", "Staging", first, "1.0.0", {}));
  await step("release, second", () => sdk.release("Our App", "Staging", second, "1.0.0", { rollout: 20 }));
  await step("release, during a rollout", () => sdk.release("Our App", "Staging", third, "1.0.0", {}));
  await step("patchRelease", () => sdk.patchRelease("Our App", "Staging", "v2", { rollout: 100, description: "Second" }));
  await step("patchRelease, unknown", () => sdk.patchRelease("Our App", "Staging", "v9", { description: "x" }));
  await step("promote", () => sdk.promote("Our App", "Staging", "Production", { label: "v1", rollout: 50 }));
  await step("rollback", () => sdk.rollback("Our App", "Staging"));
  await step("rollback, to a label", () => sdk.rollback("Our App", "Staging", "v2"));
  await step("rollback, to itself", () => sdk.rollback("Our App", "Staging", "v4"));
  await step("getDeploymentHistory", () => sdk.getDeploymentHistory("Our App", "Staging"));
  await step("getDeploymentMetrics", () => sdk.getDeploymentMetrics("Our App", "Staging"));
  await step("clearDeploymentHistory", () => sdk.clearDeploymentHistory("Our App", "Staging"));
  await step("getDeploymentHistory, cleared", () => sdk.getDeploymentHistory("Our App", "Staging"));

  await step("transferApp", () => sdk.transferApp("Our App", otherEmail));
  await step("removeApp, not the owner", () => sdk.removeApp("Our App"));
  process.stdout.write(JSON.stringify(given));
}

scenario();

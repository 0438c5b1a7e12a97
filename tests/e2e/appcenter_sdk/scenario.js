// Drives every method of App Center's SDK, in the order of a real release, and prints each result as JSON.
// Usage: node scenario.js SERVER_URL TOKEN OTHER_EMAIL ORGANIZATION BUNDLE [BUNDLE ...], where SERVER_URL includes /v0.1.
"use strict";
const { writeFileSync } = require("node:fs");
const CodePush = require("code-push");

const [out, serverUrl, token, otherEmail, organization, first, second, third, large] = process.argv.slice(2);
const sdk = new CodePush(token, undefined, serverUrl);
const stranger = new CodePush("not-a-token-of-anybody", undefined, serverUrl);
const nowhere = new CodePush(token, undefined, "http://127.0.0.1:9");
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
  await step("no token", () => new CodePush(""));
  await step("isAuthenticated", () => sdk.isAuthenticated());
  await step("isAuthenticated, stranger", () => stranger.isAuthenticated());
  await step("isAuthenticated, stranger, thrown", () => stranger.isAuthenticated(true));
  await step("getAccountInfo", () => sdk.getAccountInfo());
  await step("getAccountInfo, stranger", () => stranger.getAccountInfo());
  await step("getAccountInfo, no server", () => nowhere.getAccountInfo());

  await step("addAccessKey", () => sdk.addAccessKey("ci key", 3600000));
  await step("new token works", () => new CodePush(given.addAccessKey.key, undefined, serverUrl).isAuthenticated());
  await step("getAccessKeys", () => sdk.getAccessKeys());
  await step("removeAccessKey", () => sdk.removeAccessKey("ci key"));
  await step("removeAccessKey, again", () => sdk.removeAccessKey("ci key"));
  await step("removed token works", () => new CodePush(given.addAccessKey.key, undefined, serverUrl).isAuthenticated());
  await step("getAccessKey", () => sdk.getAccessKey("ci key"));
  await step("patchAccessKey", () => sdk.patchAccessKey("ci key", "nightly", 7200000));
  await step("getSessions", () => sdk.getSessions());
  await step("removeSession", () => sdk.removeSession("nobody's machine"));

  await step("addApp", () => sdk.addApp("My-App", "iOS", "React-Native"));
  await step("addApp, again", () => sdk.addApp("My-App", "iOS", "React-Native"));
  await step("addApp, odd name", () => sdk.addApp("My App", "iOS", "React-Native"));
  await step("addApp, odd system", () => sdk.addApp("Odd", "BeOS", "React-Native"));
  await step("addApp, by hand", () => sdk.addApp("Bare", "Android", "Cordova", true));
  await step("addApp, for an organization", () => sdk.addApp(organization + "/Shared", "Android", "React-Native"));
  await step("getApps", () => sdk.getApps());
  await step("getApp", () => sdk.getApp("My-App"));
  await step("getApp, of an organization", () => sdk.getApp(organization + "/Shared"));
  await step("getApp, unknown", () => sdk.getApp("Nope"));
  await step("renameApp", () => sdk.renameApp("My-App", "Our-App"));
  await step("renameApp, taken", () => sdk.renameApp("Our-App", "Bare"));
  await step("removeApp", () => sdk.removeApp("Bare"));
  await step("removeApp, again", () => sdk.removeApp("Bare"));

  await step("addCollaborator", () => sdk.addCollaborator("Our-App", otherEmail));
  await step("addCollaborator, unknown", () => sdk.addCollaborator("Our-App", "nobody@example.test"));
  await step("getCollaborators", () => sdk.getCollaborators("Our-App"));
  await step("removeCollaborator", () => sdk.removeCollaborator("Our-App", otherEmail));
  await step("getCollaborators, removed", () => sdk.getCollaborators("Our-App"));

  await step("addDeployment", () => sdk.addDeployment("Our-App", "Beta"));
  await step("addDeployment, again", () => sdk.addDeployment("Our-App", "Beta"));
  await step("renameDeployment", () => sdk.renameDeployment("Our-App", "Beta", "Gamma"));
  await step("getDeployments", () => sdk.getDeployments("Our-App"));
  await step("getDeployment", () => sdk.getDeployment("Our-App", "Gamma"));
  await step("getDeployment, unknown", () => sdk.getDeployment("Our-App", "Nope"));
  await step("removeDeployment", () => sdk.removeDeployment("Our-App", "Gamma"));

  const progress = [];
  const release = (path, info, callback) => () => sdk.release("Our-App", "Staging", path, "1.0.0", info, callback);
  await step("release", release(first, { description: "First", isMandatory: true }, (percent) => progress.push(percent)));
  given.progress = progress;
  await step("release, identical", release(first, {}));
  await step("release, second", release(second, { rollout: 20, isDisabled: false }));
  await step("release, during a rollout", release(third, {}));
  await step("release, to nowhere", () => sdk.release("Our-App", "Nope", third, "1.0.0", {}));
  await step("release, odd target", () => sdk.release("Our-App", "Production", third, "odd", {}));
  await step("patchRelease", () => sdk.patchRelease("Our-App", "Staging", "v2", { rollout: 100, description: "Second" }));
  await step("patchRelease, unknown", () => sdk.patchRelease("Our-App", "Staging", "v9", { description: "x" }));
  const chunks = [];
  await step("release, in many chunks", release(large, {}, (percent) => chunks.push(percent)));
  given["progress, in many chunks"] = chunks;
  await step("promote", () => sdk.promote("Our-App", "Staging", "Production", { label: "v1", rollout: 50 }));
  await step("promote, during a rollout", () => sdk.promote("Our-App", "Staging", "Production", {}));
  await step("rollback", () => sdk.rollback("Our-App", "Staging"));
  await step("rollback, to a label", () => sdk.rollback("Our-App", "Staging", "v1"));
  await step("rollback, to itself", () => sdk.rollback("Our-App", "Staging", "v5"));
  await step("getDeploymentHistory", () => sdk.getDeploymentHistory("Our-App", "Staging"));
  await step("getDeploymentMetrics", () => sdk.getDeploymentMetrics("Our-App", "Production"));
  await step("clearDeploymentHistory", () => sdk.clearDeploymentHistory("Our-App", "Staging"));
  await step("getDeploymentHistory, cleared", () => sdk.getDeploymentHistory("Our-App", "Staging"));
  await step("release, after that", release(third, {}));

  await step("transferApp", () => sdk.transferApp("Our-App", organization));
  await step("getApp, transferred", () => sdk.getApp(organization + "/Our-App"));
  writeFileSync(out, JSON.stringify(given)); // the SDK itself prints to stdout
}

scenario();

BEGIN TRANSACTION;
CREATE TABLE access_keys (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account_id INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	friendly_name TEXT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	last_used_at BIGINT, 
	is_session BOOLEAN NOT NULL, 
	CONSTRAINT fk_access_keys_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE, 
	CONSTRAINT uq_access_keys_account_id_friendly_name UNIQUE (account_id, friendly_name), 
	CONSTRAINT uq_access_keys_digest UNIQUE (digest)
);
INSERT INTO "access_keys" VALUES(1,1,'access_keys.digest 1 ''ü'' 😀','access_keys.friendly_name 1 ''ü'' 😀','access_keys.created_by 1 ''ü'' 😀',1,1,1,1);
INSERT INTO "access_keys" VALUES(2,2,'access_keys.digest 2 ''ü'' 😀','access_keys.friendly_name 2 ''ü'' 😀','access_keys.created_by 2 ''ü'' 😀',2,2,NULL,0);
CREATE TABLE accounts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	email TEXT NOT NULL, 
	email_folded TEXT NOT NULL, 
	slug TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT uq_accounts_email_folded UNIQUE (email_folded), 
	CONSTRAINT uq_accounts_slug UNIQUE (slug)
);
INSERT INTO "accounts" VALUES(1,'accounts.email 1 ''ü'' 😀','accounts.email_folded 1 ''ü'' 😀','accounts.slug 1 ''ü'' 😀','accounts.name 1 ''ü'' 😀',1);
INSERT INTO "accounts" VALUES(2,'accounts.email 2 ''ü'' 😀','accounts.email_folded 2 ''ü'' 😀','accounts.slug 2 ''ü'' 😀','accounts.name 2 ''ü'' 😀',2);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE apps (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	owner_account_id INTEGER, 
	organization_id INTEGER, 
	name TEXT NOT NULL, 
	os TEXT, 
	platform TEXT, 
	created_at BIGINT NOT NULL, display_name TEXT, 
	CONSTRAINT ck_apps_one_owner CHECK ((owner_account_id IS NULL) <> (organization_id IS NULL)), 
	CONSTRAINT fk_apps_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_apps_owner_account_id FOREIGN KEY(owner_account_id) REFERENCES accounts (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_apps_organization_id_name UNIQUE (organization_id, name), 
	CONSTRAINT uq_apps_owner_account_id_name UNIQUE (owner_account_id, name)
);
INSERT INTO "apps" VALUES(1,1,NULL,'apps.name 1 ''ü'' 😀','apps.os 1 ''ü'' 😀','apps.platform 1 ''ü'' 😀',1,'apps.display_name 1 ''ü'' 😀');
INSERT INTO "apps" VALUES(2,NULL,1,'apps.name 2 ''ü'' 😀',NULL,NULL,2,NULL);
CREATE TABLE blobs (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	sha256 TEXT NOT NULL, 
	state TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	retired_at BIGINT, 
	CONSTRAINT pk_blobs PRIMARY KEY (id)
);
INSERT INTO "blobs" VALUES('blobs.id 1 ''ü'' 😀','blobs.kind 1 ''ü'' 😀',1,'blobs.sha256 1 ''ü'' 😀','blobs.state 1 ''ü'' 😀',1,1);
INSERT INTO "blobs" VALUES('blobs.id 2 ''ü'' 😀','blobs.kind 2 ''ü'' 😀',2,'blobs.sha256 2 ''ü'' 😀','blobs.state 2 ''ü'' 😀',2,NULL);
CREATE TABLE collaborators (
	app_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	permission TEXT NOT NULL, 
	CONSTRAINT pk_collaborators PRIMARY KEY (app_id, account_id), 
	CONSTRAINT fk_collaborators_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_collaborators_app_id FOREIGN KEY(app_id) REFERENCES apps (id) ON DELETE CASCADE
);
INSERT INTO "collaborators" VALUES(1,1,'collaborators.permission 1 ''ü'' 😀');
INSERT INTO "collaborators" VALUES(2,2,'collaborators.permission 2 ''ü'' 😀');
CREATE TABLE counter_series (
	deployment_id INTEGER NOT NULL, 
	subject TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	span TEXT NOT NULL, 
	starts_at BIGINT NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_counter_series PRIMARY KEY (deployment_id, subject, kind, span, starts_at), 
	CONSTRAINT fk_counter_series_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "counter_series" VALUES(1,'counter_series.subject 1 ''ü'' 😀','counter_series.kind 1 ''ü'' 😀','counter_series.span 1 ''ü'' 😀',1,1);
INSERT INTO "counter_series" VALUES(2,'counter_series.subject 2 ''ü'' 😀','counter_series.kind 2 ''ü'' 😀','counter_series.span 2 ''ü'' 😀',2,2);
CREATE TABLE counters (
	deployment_id INTEGER NOT NULL, 
	subject TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_counters PRIMARY KEY (deployment_id, subject, kind), 
	CONSTRAINT fk_counters_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "counters" VALUES(1,'counters.subject 1 ''ü'' 😀','counters.kind 1 ''ü'' 😀',1);
INSERT INTO "counters" VALUES(2,'counters.subject 2 ''ü'' 😀','counters.kind 2 ''ü'' 😀',2);
CREATE TABLE deployments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	app_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	next_label INTEGER DEFAULT '1' NOT NULL, 
	revision BIGINT DEFAULT '1' NOT NULL, 
	device_key BLOB NOT NULL, 
	created_at BIGINT NOT NULL, stopped_by TEXT, default_plan TEXT, 
	CONSTRAINT fk_deployments_app_id FOREIGN KEY(app_id) REFERENCES apps (id) ON DELETE CASCADE, 
	CONSTRAINT uq_deployments_app_id_name UNIQUE (app_id, name), 
	CONSTRAINT uq_deployments_key UNIQUE ("key")
);
INSERT INTO "deployments" VALUES(1,1,'deployments.name 1 ''ü'' 😀','deployments.key 1 ''ü'' 😀',1,1,X'0001FF',1,'deployments.stopped_by 1 ''ü'' 😀','deployments.default_plan 1 ''ü'' 😀');
INSERT INTO "deployments" VALUES(2,2,'deployments.name 2 ''ü'' 😀','deployments.key 2 ''ü'' 😀',2,2,X'0002FF',2,NULL,NULL);
CREATE TABLE devices (
	deployment_id INTEGER NOT NULL, 
	device BLOB NOT NULL, 
	subject TEXT NOT NULL, 
	updated_at BIGINT NOT NULL, known_since BIGINT, trial INTEGER, trial_at BIGINT, outcome TEXT, 
	CONSTRAINT pk_devices PRIMARY KEY (deployment_id, device), 
	CONSTRAINT fk_devices_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "devices" VALUES(1,X'0001FF','devices.subject 1 ''ü'' 😀',1,1,1,1,'devices.outcome 1 ''ü'' 😀');
INSERT INTO "devices" VALUES(2,X'0002FF','devices.subject 2 ''ü'' 😀',2,NULL,NULL,NULL,NULL);
CREATE TABLE diffs (
	package_id INTEGER NOT NULL, 
	old_hash TEXT NOT NULL, 
	blob_id TEXT, 
	size BIGINT, 
	created_at BIGINT NOT NULL, fits_binary BOOLEAN, 
	CONSTRAINT pk_diffs PRIMARY KEY (package_id, old_hash), 
	CONSTRAINT fk_diffs_blob_id FOREIGN KEY(blob_id) REFERENCES blobs (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_diffs_package_id FOREIGN KEY(package_id) REFERENCES packages (id) ON DELETE CASCADE
);
INSERT INTO "diffs" VALUES(1,'diffs.old_hash 1 ''ü'' 😀','blobs.id 1 ''ü'' 😀',1,1,1);
INSERT INTO "diffs" VALUES(2,'diffs.old_hash 2 ''ü'' 😀',NULL,NULL,2,NULL);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	app_id INTEGER, 
	deployment_id INTEGER, 
	"before" TEXT, 
	"after" TEXT
, actor_kind TEXT, access_key_id INTEGER, request_id TEXT, organization_id INTEGER);
INSERT INTO "events" VALUES(1,1,'events.actor 1 ''ü'' 😀','events.kind 1 ''ü'' 😀',1,1,'events.before 1 ''ü'' 😀','events.after 1 ''ü'' 😀','events.actor_kind 1 ''ü'' 😀',1,'events.request_id 1 ''ü'' 😀',1);
INSERT INTO "events" VALUES(2,2,'events.actor 2 ''ü'' 😀','events.kind 2 ''ü'' 😀',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE idempotency_keys (
	account_id INTEGER NOT NULL, 
	route TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	status INTEGER NOT NULL, 
	headers TEXT NOT NULL, 
	body BLOB NOT NULL, 
	created_at BIGINT NOT NULL, digest TEXT, 
	CONSTRAINT pk_idempotency_keys PRIMARY KEY (account_id, route, "key"), 
	CONSTRAINT fk_idempotency_keys_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
INSERT INTO "idempotency_keys" VALUES(1,'idempotency_keys.route 1 ''ü'' 😀','idempotency_keys.key 1 ''ü'' 😀',1,'idempotency_keys.headers 1 ''ü'' 😀',X'0001FF',1,'idempotency_keys.digest 1 ''ü'' 😀');
INSERT INTO "idempotency_keys" VALUES(2,'idempotency_keys.route 2 ''ü'' 😀','idempotency_keys.key 2 ''ü'' 😀',2,'idempotency_keys.headers 2 ''ü'' 😀',X'0002FF',2,NULL);
CREATE TABLE identities (
	issuer TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	account_id INTEGER NOT NULL, 
	provider TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_identities PRIMARY KEY (issuer, subject), 
	CONSTRAINT fk_identities_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE, 
	CONSTRAINT uq_identities_account_id_issuer UNIQUE (account_id, issuer)
);
INSERT INTO "identities" VALUES('identities.issuer 1 ''ü'' 😀','identities.subject 1 ''ü'' 😀',1,'identities.provider 1 ''ü'' 😀',1);
INSERT INTO "identities" VALUES('identities.issuer 2 ''ü'' 😀','identities.subject 2 ''ü'' 😀',2,'identities.provider 2 ''ü'' 😀',2);
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	dedupe_key TEXT, 
	state TEXT NOT NULL, 
	owner TEXT, 
	lease_until BIGINT, 
	attempt INTEGER NOT NULL, 
	run_after BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	error TEXT, 
	CONSTRAINT uq_jobs_dedupe_key UNIQUE (dedupe_key)
);
INSERT INTO "jobs" VALUES(1,'jobs.kind 1 ''ü'' 😀','jobs.payload 1 ''ü'' 😀','jobs.dedupe_key 1 ''ü'' 😀','jobs.state 1 ''ü'' 😀','jobs.owner 1 ''ü'' 😀',1,1,1,1,'jobs.error 1 ''ü'' 😀');
INSERT INTO "jobs" VALUES(2,'jobs.kind 2 ''ü'' 😀','jobs.payload 2 ''ü'' 😀',NULL,'jobs.state 2 ''ü'' 😀',NULL,NULL,2,2,2,NULL);
CREATE TABLE login_codes (
	digest TEXT NOT NULL, 
	account_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	hostname TEXT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_login_codes PRIMARY KEY (digest), 
	CONSTRAINT fk_login_codes_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
INSERT INTO "login_codes" VALUES('login_codes.digest 1 ''ü'' 😀',1,'login_codes.kind 1 ''ü'' 😀','login_codes.hostname 1 ''ü'' 😀',1);
INSERT INTO "login_codes" VALUES('login_codes.digest 2 ''ü'' 😀',2,'login_codes.kind 2 ''ü'' 😀','login_codes.hostname 2 ''ü'' 😀',2);
CREATE TABLE organization_members (
	organization_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	role TEXT NOT NULL, 
	CONSTRAINT pk_organization_members PRIMARY KEY (organization_id, account_id), 
	CONSTRAINT fk_organization_members_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_organization_members_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE
);
INSERT INTO "organization_members" VALUES(1,1,'organization_members.role 1 ''ü'' 😀');
INSERT INTO "organization_members" VALUES(2,2,'organization_members.role 2 ''ü'' 😀');
CREATE TABLE organizations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	slug TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT uq_organizations_slug UNIQUE (slug)
);
INSERT INTO "organizations" VALUES(1,'organizations.slug 1 ''ü'' 😀','organizations.name 1 ''ü'' 😀',1);
INSERT INTO "organizations" VALUES(2,'organizations.slug 2 ''ü'' 😀','organizations.name 2 ''ü'' 😀',2);
CREATE TABLE packages (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	app_id INTEGER NOT NULL, 
	hash TEXT NOT NULL, 
	manifest BLOB, 
	"index" BLOB, 
	blob_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT fk_packages_app_id FOREIGN KEY(app_id) REFERENCES apps (id) ON DELETE CASCADE, 
	CONSTRAINT fk_packages_blob_id FOREIGN KEY(blob_id) REFERENCES blobs (id) ON DELETE RESTRICT
);
INSERT INTO "packages" VALUES(1,1,'packages.hash 1 ''ü'' 😀',X'0001FF',X'0001FF','blobs.id 1 ''ü'' 😀',1);
INSERT INTO "packages" VALUES(2,2,'packages.hash 2 ''ü'' 😀',NULL,NULL,'blobs.id 2 ''ü'' 😀',2);
CREATE TABLE releases (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	deployment_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	package_id INTEGER NOT NULL, 
	app_version TEXT NOT NULL, 
	description TEXT, 
	is_disabled BOOLEAN, 
	is_mandatory BOOLEAN, 
	rollout INTEGER, 
	upload_time BIGINT NOT NULL, 
	release_method TEXT NOT NULL, 
	original_label TEXT, 
	original_deployment TEXT, 
	released_by TEXT NOT NULL, held BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT fk_releases_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE, 
	CONSTRAINT fk_releases_package_id FOREIGN KEY(package_id) REFERENCES packages (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_releases_deployment_id_number UNIQUE (deployment_id, number)
);
INSERT INTO "releases" VALUES(1,1,1,1,'releases.app_version 1 ''ü'' 😀','releases.description 1 ''ü'' 😀',1,1,1,1,'releases.release_method 1 ''ü'' 😀','releases.original_label 1 ''ü'' 😀','releases.original_deployment 1 ''ü'' 😀','releases.released_by 1 ''ü'' 😀',1);
INSERT INTO "releases" VALUES(2,2,2,2,'releases.app_version 2 ''ü'' 😀',NULL,NULL,NULL,NULL,2,'releases.release_method 2 ''ü'' 😀',NULL,NULL,'releases.released_by 2 ''ü'' 😀',0);
CREATE TABLE rollouts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	deployment_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT, 
	"plan" TEXT NOT NULL, 
	stage INTEGER NOT NULL, 
	soaked_ms BIGINT NOT NULL, 
	stage_at BIGINT NOT NULL, 
	started_at BIGINT, 
	evidence_since BIGINT NOT NULL, 
	looked_at BIGINT NOT NULL, 
	failure_limit DOUBLE, 
	baseline TEXT, 
	version INTEGER NOT NULL, 
	CONSTRAINT fk_rollouts_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE, 
	CONSTRAINT uq_rollouts_deployment_id_number UNIQUE (deployment_id, number)
);
INSERT INTO "rollouts" VALUES(1,1,1,'rollouts.state 1 ''ü'' 😀','rollouts.reason 1 ''ü'' 😀','rollouts.plan 1 ''ü'' 😀',1,1,1,1,1,1,0.125,'rollouts.baseline 1 ''ü'' 😀',1);
INSERT INTO "rollouts" VALUES(2,2,2,'rollouts.state 2 ''ü'' 😀',NULL,'rollouts.plan 2 ''ü'' 😀',2,2,2,NULL,2,2,NULL,NULL,2);
CREATE TABLE trial_series (
	deployment_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	cohort_at BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	age TEXT NOT NULL, 
	standing TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_trial_series PRIMARY KEY (deployment_id, number, cohort_at, kind, age, standing), 
	CONSTRAINT fk_trial_series_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "trial_series" VALUES(1,1,1,'trial_series.kind 1 ''ü'' 😀','trial_series.age 1 ''ü'' 😀','trial_series.standing 1 ''ü'' 😀',1);
INSERT INTO "trial_series" VALUES(2,2,2,'trial_series.kind 2 ''ü'' 😀','trial_series.age 2 ''ü'' 😀','trial_series.standing 2 ''ü'' 😀',2);
CREATE TABLE upload_chunks (
	upload_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	location TEXT NOT NULL, 
	CONSTRAINT pk_upload_chunks PRIMARY KEY (upload_id, number), 
	CONSTRAINT fk_upload_chunks_upload_id FOREIGN KEY(upload_id) REFERENCES uploads (id) ON DELETE CASCADE
);
INSERT INTO "upload_chunks" VALUES('uploads.id 1 ''ü'' 😀',1,1,'upload_chunks.location 1 ''ü'' 😀');
INSERT INTO "upload_chunks" VALUES('uploads.id 2 ''ü'' 😀',2,2,'upload_chunks.location 2 ''ü'' 😀');
CREATE TABLE uploads (
	id TEXT NOT NULL, 
	app_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	token_digest TEXT NOT NULL, 
	file_name TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	chunk_size INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_uploads PRIMARY KEY (id), 
	CONSTRAINT fk_uploads_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_uploads_app_id FOREIGN KEY(app_id) REFERENCES apps (id) ON DELETE CASCADE
);
INSERT INTO "uploads" VALUES('uploads.id 1 ''ü'' 😀',1,1,'uploads.token_digest 1 ''ü'' 😀','uploads.file_name 1 ''ü'' 😀',1,1,'uploads.state 1 ''ü'' 😀',1,1);
INSERT INTO "uploads" VALUES('uploads.id 2 ''ü'' 😀',2,2,'uploads.token_digest 2 ''ü'' 😀','uploads.file_name 2 ''ü'' 😀',2,2,'uploads.state 2 ''ü'' 😀',2,2);
CREATE INDEX ix_organization_members_account_id ON organization_members (account_id);
CREATE INDEX ix_login_codes_account_id ON login_codes (account_id);
CREATE INDEX ix_collaborators_account_id ON collaborators (account_id);
CREATE INDEX ix_packages_app_id_hash ON packages (app_id, hash);
CREATE INDEX ix_packages_blob_id ON packages (blob_id);
CREATE INDEX ix_releases_package_id ON releases (package_id);
CREATE INDEX ix_diffs_blob_id ON diffs (blob_id);
CREATE INDEX ix_uploads_account_id ON uploads (account_id);
CREATE INDEX ix_uploads_app_id ON uploads (app_id);
CREATE INDEX ix_jobs_state_run_after ON jobs (state, run_after);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE INDEX ix_events_app_id ON events (app_id);
CREATE INDEX ix_rollouts_state ON rollouts (state);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('accounts',2);
INSERT INTO "sqlite_sequence" VALUES('events',2);
INSERT INTO "sqlite_sequence" VALUES('jobs',2);
INSERT INTO "sqlite_sequence" VALUES('organizations',2);
INSERT INTO "sqlite_sequence" VALUES('access_keys',2);
INSERT INTO "sqlite_sequence" VALUES('apps',2);
INSERT INTO "sqlite_sequence" VALUES('deployments',2);
INSERT INTO "sqlite_sequence" VALUES('packages',2);
INSERT INTO "sqlite_sequence" VALUES('releases',2);
INSERT INTO "sqlite_sequence" VALUES('rollouts',2);
COMMIT;

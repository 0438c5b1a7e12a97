SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.tell_of_changed_deployment() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        PERFORM pg_notify('codepush_deployments', OLD.id::text);
        RETURN NULL;
    END
    $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.access_keys (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    friendly_name text NOT NULL COLLATE pg_catalog."C",
    created_by text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    last_used_at bigint,
    is_session boolean NOT NULL
);
CREATE SEQUENCE public.access_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.access_keys_id_seq OWNED BY public.access_keys.id;
CREATE TABLE public.accounts (
    id bigint NOT NULL,
    email text NOT NULL COLLATE pg_catalog."C",
    email_folded text NOT NULL COLLATE pg_catalog."C",
    slug text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL
);
CREATE SEQUENCE public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.accounts_id_seq OWNED BY public.accounts.id;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.apps (
    id bigint NOT NULL,
    owner_account_id bigint,
    organization_id bigint,
    name text NOT NULL COLLATE pg_catalog."C",
    os text COLLATE pg_catalog."C",
    platform text COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    display_name text,
    CONSTRAINT ck_apps_one_owner CHECK (((owner_account_id IS NULL) <> (organization_id IS NULL)))
);
CREATE SEQUENCE public.apps_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.apps_id_seq OWNED BY public.apps.id;
CREATE TABLE public.blobs (
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    sha256 text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    retired_at bigint
);
CREATE TABLE public.collaborators (
    app_id bigint NOT NULL,
    account_id bigint NOT NULL,
    permission text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.counter_series (
    deployment_id bigint NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    span text NOT NULL COLLATE pg_catalog."C",
    starts_at bigint NOT NULL,
    value bigint NOT NULL
);
CREATE TABLE public.counters (
    deployment_id bigint NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    value bigint NOT NULL
);
CREATE TABLE public.deployments (
    id bigint NOT NULL,
    app_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    next_label integer DEFAULT 1 NOT NULL,
    revision bigint DEFAULT '1'::bigint NOT NULL,
    device_key bytea NOT NULL,
    created_at bigint NOT NULL,
    stopped_by text COLLATE pg_catalog."C",
    default_plan text COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.deployments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.deployments_id_seq OWNED BY public.deployments.id;
CREATE TABLE public.devices (
    deployment_id bigint NOT NULL,
    device bytea NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    updated_at bigint NOT NULL,
    known_since bigint,
    trial integer,
    trial_at bigint,
    outcome text COLLATE pg_catalog."C"
);
CREATE TABLE public.diffs (
    package_id bigint NOT NULL,
    old_hash text NOT NULL COLLATE pg_catalog."C",
    blob_id text COLLATE pg_catalog."C",
    size bigint,
    created_at bigint NOT NULL,
    fits_binary boolean
);
CREATE TABLE public.events (
    id bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    app_id bigint,
    deployment_id bigint,
    before text COLLATE pg_catalog."C",
    after text COLLATE pg_catalog."C",
    actor_kind text,
    access_key_id bigint,
    request_id text,
    organization_id bigint
);
CREATE SEQUENCE public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;
CREATE TABLE public.idempotency_keys (
    account_id bigint NOT NULL,
    route text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    status integer NOT NULL,
    headers text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    created_at bigint NOT NULL,
    digest text
);
CREATE TABLE public.identities (
    issuer text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    account_id bigint NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL
);
CREATE TABLE public.jobs (
    id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    payload text NOT NULL COLLATE pg_catalog."C",
    dedupe_key text COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    owner text COLLATE pg_catalog."C",
    lease_until bigint,
    attempt integer NOT NULL,
    run_after bigint NOT NULL,
    created_at bigint NOT NULL,
    error text COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.jobs_id_seq OWNED BY public.jobs.id;
CREATE TABLE public.login_codes (
    digest text NOT NULL COLLATE pg_catalog."C",
    account_id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    hostname text NOT NULL COLLATE pg_catalog."C",
    expires_at bigint NOT NULL
);
CREATE TABLE public.organization_members (
    organization_id bigint NOT NULL,
    account_id bigint NOT NULL,
    role text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.organizations (
    id bigint NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL
);
CREATE SEQUENCE public.organizations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.organizations_id_seq OWNED BY public.organizations.id;
CREATE TABLE public.packages (
    id bigint NOT NULL,
    app_id bigint NOT NULL,
    hash text NOT NULL COLLATE pg_catalog."C",
    manifest bytea,
    index bytea,
    blob_id text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL
);
CREATE SEQUENCE public.packages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.packages_id_seq OWNED BY public.packages.id;
CREATE TABLE public.releases (
    id bigint NOT NULL,
    deployment_id bigint NOT NULL,
    number integer NOT NULL,
    package_id bigint NOT NULL,
    app_version text NOT NULL COLLATE pg_catalog."C",
    description text COLLATE pg_catalog."C",
    is_disabled boolean,
    is_mandatory boolean,
    rollout integer,
    upload_time bigint NOT NULL,
    release_method text NOT NULL COLLATE pg_catalog."C",
    original_label text COLLATE pg_catalog."C",
    original_deployment text COLLATE pg_catalog."C",
    released_by text NOT NULL COLLATE pg_catalog."C",
    held boolean DEFAULT false NOT NULL
);
CREATE SEQUENCE public.releases_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.releases_id_seq OWNED BY public.releases.id;
CREATE TABLE public.rollouts (
    id bigint NOT NULL,
    deployment_id bigint NOT NULL,
    number integer NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    reason text COLLATE pg_catalog."C",
    plan text NOT NULL COLLATE pg_catalog."C",
    stage integer NOT NULL,
    soaked_ms bigint NOT NULL,
    stage_at bigint NOT NULL,
    started_at bigint,
    evidence_since bigint NOT NULL,
    looked_at bigint NOT NULL,
    failure_limit double precision,
    baseline text COLLATE pg_catalog."C",
    version integer NOT NULL
);
CREATE SEQUENCE public.rollouts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.rollouts_id_seq OWNED BY public.rollouts.id;
CREATE TABLE public.trial_series (
    deployment_id bigint NOT NULL,
    number integer NOT NULL,
    cohort_at bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    age text NOT NULL COLLATE pg_catalog."C",
    standing text NOT NULL COLLATE pg_catalog."C",
    value bigint NOT NULL
);
CREATE TABLE public.upload_chunks (
    upload_id text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    size integer NOT NULL,
    location text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.uploads (
    id text NOT NULL COLLATE pg_catalog."C",
    app_id bigint NOT NULL,
    account_id bigint NOT NULL,
    token_digest text NOT NULL COLLATE pg_catalog."C",
    file_name text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    chunk_size integer NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
ALTER TABLE ONLY public.access_keys ALTER COLUMN id SET DEFAULT nextval('public.access_keys_id_seq'::regclass);
ALTER TABLE ONLY public.accounts ALTER COLUMN id SET DEFAULT nextval('public.accounts_id_seq'::regclass);
ALTER TABLE ONLY public.apps ALTER COLUMN id SET DEFAULT nextval('public.apps_id_seq'::regclass);
ALTER TABLE ONLY public.deployments ALTER COLUMN id SET DEFAULT nextval('public.deployments_id_seq'::regclass);
ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);
ALTER TABLE ONLY public.jobs ALTER COLUMN id SET DEFAULT nextval('public.jobs_id_seq'::regclass);
ALTER TABLE ONLY public.organizations ALTER COLUMN id SET DEFAULT nextval('public.organizations_id_seq'::regclass);
ALTER TABLE ONLY public.packages ALTER COLUMN id SET DEFAULT nextval('public.packages_id_seq'::regclass);
ALTER TABLE ONLY public.releases ALTER COLUMN id SET DEFAULT nextval('public.releases_id_seq'::regclass);
ALTER TABLE ONLY public.rollouts ALTER COLUMN id SET DEFAULT nextval('public.rollouts_id_seq'::regclass);
INSERT INTO public.access_keys VALUES (1, 1, 'access_keys.digest 1 ''ü'' 😀', 'access_keys.friendly_name 1 ''ü'' 😀', 'access_keys.created_by 1 ''ü'' 😀', 1, 1, 1, true);
INSERT INTO public.access_keys VALUES (2, 2, 'access_keys.digest 2 ''ü'' 😀', 'access_keys.friendly_name 2 ''ü'' 😀', 'access_keys.created_by 2 ''ü'' 😀', 2, 2, NULL, false);
INSERT INTO public.accounts VALUES (1, 'accounts.email 1 ''ü'' 😀', 'accounts.email_folded 1 ''ü'' 😀', 'accounts.slug 1 ''ü'' 😀', 'accounts.name 1 ''ü'' 😀', 1);
INSERT INTO public.accounts VALUES (2, 'accounts.email 2 ''ü'' 😀', 'accounts.email_folded 2 ''ü'' 😀', 'accounts.slug 2 ''ü'' 😀', 'accounts.name 2 ''ü'' 😀', 2);
INSERT INTO public.alembic_version VALUES ('0005');
INSERT INTO public.apps VALUES (1, 1, NULL, 'apps.name 1 ''ü'' 😀', 'apps.os 1 ''ü'' 😀', 'apps.platform 1 ''ü'' 😀', 1, 'apps.display_name 1 ''ü'' 😀');
INSERT INTO public.apps VALUES (2, NULL, 1, 'apps.name 2 ''ü'' 😀', NULL, NULL, 2, NULL);
INSERT INTO public.blobs VALUES ('blobs.id 1 ''ü'' 😀', 'blobs.kind 1 ''ü'' 😀', 1, 'blobs.sha256 1 ''ü'' 😀', 'blobs.state 1 ''ü'' 😀', 1, 1);
INSERT INTO public.blobs VALUES ('blobs.id 2 ''ü'' 😀', 'blobs.kind 2 ''ü'' 😀', 2, 'blobs.sha256 2 ''ü'' 😀', 'blobs.state 2 ''ü'' 😀', 2, NULL);
INSERT INTO public.collaborators VALUES (1, 1, 'collaborators.permission 1 ''ü'' 😀');
INSERT INTO public.collaborators VALUES (2, 2, 'collaborators.permission 2 ''ü'' 😀');
INSERT INTO public.counter_series VALUES (1, 'counter_series.subject 1 ''ü'' 😀', 'counter_series.kind 1 ''ü'' 😀', 'counter_series.span 1 ''ü'' 😀', 1, 1);
INSERT INTO public.counter_series VALUES (2, 'counter_series.subject 2 ''ü'' 😀', 'counter_series.kind 2 ''ü'' 😀', 'counter_series.span 2 ''ü'' 😀', 2, 2);
INSERT INTO public.counters VALUES (1, 'counters.subject 1 ''ü'' 😀', 'counters.kind 1 ''ü'' 😀', 1);
INSERT INTO public.counters VALUES (2, 'counters.subject 2 ''ü'' 😀', 'counters.kind 2 ''ü'' 😀', 2);
INSERT INTO public.deployments VALUES (1, 1, 'deployments.name 1 ''ü'' 😀', 'deployments.key 1 ''ü'' 😀', 1, 1, '\x0001ff', 1, 'deployments.stopped_by 1 ''ü'' 😀', 'deployments.default_plan 1 ''ü'' 😀');
INSERT INTO public.deployments VALUES (2, 2, 'deployments.name 2 ''ü'' 😀', 'deployments.key 2 ''ü'' 😀', 2, 2, '\x0002ff', 2, NULL, NULL);
INSERT INTO public.devices VALUES (1, '\x0001ff', 'devices.subject 1 ''ü'' 😀', 1, 1, 1, 1, 'devices.outcome 1 ''ü'' 😀');
INSERT INTO public.devices VALUES (2, '\x0002ff', 'devices.subject 2 ''ü'' 😀', 2, NULL, NULL, NULL, NULL);
INSERT INTO public.diffs VALUES (1, 'diffs.old_hash 1 ''ü'' 😀', 'blobs.id 1 ''ü'' 😀', 1, 1, true);
INSERT INTO public.diffs VALUES (2, 'diffs.old_hash 2 ''ü'' 😀', NULL, NULL, 2, NULL);
INSERT INTO public.events VALUES (1, 1, 'events.actor 1 ''ü'' 😀', 'events.kind 1 ''ü'' 😀', 1, 1, 'events.before 1 ''ü'' 😀', 'events.after 1 ''ü'' 😀', 'events.actor_kind 1 ''ü'' 😀', 1, 'events.request_id 1 ''ü'' 😀', 1);
INSERT INTO public.events VALUES (2, 2, 'events.actor 2 ''ü'' 😀', 'events.kind 2 ''ü'' 😀', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.idempotency_keys VALUES (1, 'idempotency_keys.route 1 ''ü'' 😀', 'idempotency_keys.key 1 ''ü'' 😀', 1, 'idempotency_keys.headers 1 ''ü'' 😀', '\x0001ff', 1, 'idempotency_keys.digest 1 ''ü'' 😀');
INSERT INTO public.idempotency_keys VALUES (2, 'idempotency_keys.route 2 ''ü'' 😀', 'idempotency_keys.key 2 ''ü'' 😀', 2, 'idempotency_keys.headers 2 ''ü'' 😀', '\x0002ff', 2, NULL);
INSERT INTO public.identities VALUES ('identities.issuer 1 ''ü'' 😀', 'identities.subject 1 ''ü'' 😀', 1, 'identities.provider 1 ''ü'' 😀', 1);
INSERT INTO public.identities VALUES ('identities.issuer 2 ''ü'' 😀', 'identities.subject 2 ''ü'' 😀', 2, 'identities.provider 2 ''ü'' 😀', 2);
INSERT INTO public.jobs VALUES (1, 'jobs.kind 1 ''ü'' 😀', 'jobs.payload 1 ''ü'' 😀', 'jobs.dedupe_key 1 ''ü'' 😀', 'jobs.state 1 ''ü'' 😀', 'jobs.owner 1 ''ü'' 😀', 1, 1, 1, 1, 'jobs.error 1 ''ü'' 😀');
INSERT INTO public.jobs VALUES (2, 'jobs.kind 2 ''ü'' 😀', 'jobs.payload 2 ''ü'' 😀', NULL, 'jobs.state 2 ''ü'' 😀', NULL, NULL, 2, 2, 2, NULL);
INSERT INTO public.login_codes VALUES ('login_codes.digest 1 ''ü'' 😀', 1, 'login_codes.kind 1 ''ü'' 😀', 'login_codes.hostname 1 ''ü'' 😀', 1);
INSERT INTO public.login_codes VALUES ('login_codes.digest 2 ''ü'' 😀', 2, 'login_codes.kind 2 ''ü'' 😀', 'login_codes.hostname 2 ''ü'' 😀', 2);
INSERT INTO public.organization_members VALUES (1, 1, 'organization_members.role 1 ''ü'' 😀');
INSERT INTO public.organization_members VALUES (2, 2, 'organization_members.role 2 ''ü'' 😀');
INSERT INTO public.organizations VALUES (1, 'organizations.slug 1 ''ü'' 😀', 'organizations.name 1 ''ü'' 😀', 1);
INSERT INTO public.organizations VALUES (2, 'organizations.slug 2 ''ü'' 😀', 'organizations.name 2 ''ü'' 😀', 2);
INSERT INTO public.packages VALUES (1, 1, 'packages.hash 1 ''ü'' 😀', '\x0001ff', '\x0001ff', 'blobs.id 1 ''ü'' 😀', 1);
INSERT INTO public.packages VALUES (2, 2, 'packages.hash 2 ''ü'' 😀', NULL, NULL, 'blobs.id 2 ''ü'' 😀', 2);
INSERT INTO public.releases VALUES (1, 1, 1, 1, 'releases.app_version 1 ''ü'' 😀', 'releases.description 1 ''ü'' 😀', true, true, 1, 1, 'releases.release_method 1 ''ü'' 😀', 'releases.original_label 1 ''ü'' 😀', 'releases.original_deployment 1 ''ü'' 😀', 'releases.released_by 1 ''ü'' 😀', true);
INSERT INTO public.releases VALUES (2, 2, 2, 2, 'releases.app_version 2 ''ü'' 😀', NULL, NULL, NULL, NULL, 2, 'releases.release_method 2 ''ü'' 😀', NULL, NULL, 'releases.released_by 2 ''ü'' 😀', false);
INSERT INTO public.rollouts VALUES (1, 1, 1, 'rollouts.state 1 ''ü'' 😀', 'rollouts.reason 1 ''ü'' 😀', 'rollouts.plan 1 ''ü'' 😀', 1, 1, 1, 1, 1, 1, 0.125, 'rollouts.baseline 1 ''ü'' 😀', 1);
INSERT INTO public.rollouts VALUES (2, 2, 2, 'rollouts.state 2 ''ü'' 😀', NULL, 'rollouts.plan 2 ''ü'' 😀', 2, 2, 2, NULL, 2, 2, NULL, NULL, 2);
INSERT INTO public.trial_series VALUES (1, 1, 1, 'trial_series.kind 1 ''ü'' 😀', 'trial_series.age 1 ''ü'' 😀', 'trial_series.standing 1 ''ü'' 😀', 1);
INSERT INTO public.trial_series VALUES (2, 2, 2, 'trial_series.kind 2 ''ü'' 😀', 'trial_series.age 2 ''ü'' 😀', 'trial_series.standing 2 ''ü'' 😀', 2);
INSERT INTO public.upload_chunks VALUES ('uploads.id 1 ''ü'' 😀', 1, 1, 'upload_chunks.location 1 ''ü'' 😀');
INSERT INTO public.upload_chunks VALUES ('uploads.id 2 ''ü'' 😀', 2, 2, 'upload_chunks.location 2 ''ü'' 😀');
INSERT INTO public.uploads VALUES ('uploads.id 1 ''ü'' 😀', 1, 1, 'uploads.token_digest 1 ''ü'' 😀', 'uploads.file_name 1 ''ü'' 😀', 1, 1, 'uploads.state 1 ''ü'' 😀', 1, 1);
INSERT INTO public.uploads VALUES ('uploads.id 2 ''ü'' 😀', 2, 2, 'uploads.token_digest 2 ''ü'' 😀', 'uploads.file_name 2 ''ü'' 😀', 2, 2, 'uploads.state 2 ''ü'' 😀', 2, 2);
SELECT pg_catalog.setval('public.access_keys_id_seq', 2, true);
SELECT pg_catalog.setval('public.accounts_id_seq', 2, true);
SELECT pg_catalog.setval('public.apps_id_seq', 2, true);
SELECT pg_catalog.setval('public.deployments_id_seq', 2, true);
SELECT pg_catalog.setval('public.events_id_seq', 2, true);
SELECT pg_catalog.setval('public.jobs_id_seq', 2, true);
SELECT pg_catalog.setval('public.organizations_id_seq', 2, true);
SELECT pg_catalog.setval('public.packages_id_seq', 2, true);
SELECT pg_catalog.setval('public.releases_id_seq', 2, true);
SELECT pg_catalog.setval('public.rollouts_id_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.access_keys
    ADD CONSTRAINT pk_access_keys PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT pk_accounts PRIMARY KEY (id);
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT pk_apps PRIMARY KEY (id);
ALTER TABLE ONLY public.blobs
    ADD CONSTRAINT pk_blobs PRIMARY KEY (id);
ALTER TABLE ONLY public.collaborators
    ADD CONSTRAINT pk_collaborators PRIMARY KEY (app_id, account_id);
ALTER TABLE ONLY public.counter_series
    ADD CONSTRAINT pk_counter_series PRIMARY KEY (deployment_id, subject, kind, span, starts_at);
ALTER TABLE ONLY public.counters
    ADD CONSTRAINT pk_counters PRIMARY KEY (deployment_id, subject, kind);
ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT pk_deployments PRIMARY KEY (id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT pk_devices PRIMARY KEY (deployment_id, device);
ALTER TABLE ONLY public.diffs
    ADD CONSTRAINT pk_diffs PRIMARY KEY (package_id, old_hash);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT pk_events PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT pk_idempotency_keys PRIMARY KEY (account_id, route, key);
ALTER TABLE ONLY public.identities
    ADD CONSTRAINT pk_identities PRIMARY KEY (issuer, subject);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT pk_jobs PRIMARY KEY (id);
ALTER TABLE ONLY public.login_codes
    ADD CONSTRAINT pk_login_codes PRIMARY KEY (digest);
ALTER TABLE ONLY public.organization_members
    ADD CONSTRAINT pk_organization_members PRIMARY KEY (organization_id, account_id);
ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT pk_organizations PRIMARY KEY (id);
ALTER TABLE ONLY public.packages
    ADD CONSTRAINT pk_packages PRIMARY KEY (id);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT pk_releases PRIMARY KEY (id);
ALTER TABLE ONLY public.rollouts
    ADD CONSTRAINT pk_rollouts PRIMARY KEY (id);
ALTER TABLE ONLY public.trial_series
    ADD CONSTRAINT pk_trial_series PRIMARY KEY (deployment_id, number, cohort_at, kind, age, standing);
ALTER TABLE ONLY public.upload_chunks
    ADD CONSTRAINT pk_upload_chunks PRIMARY KEY (upload_id, number);
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT pk_uploads PRIMARY KEY (id);
ALTER TABLE ONLY public.access_keys
    ADD CONSTRAINT uq_access_keys_account_id_friendly_name UNIQUE (account_id, friendly_name);
ALTER TABLE ONLY public.access_keys
    ADD CONSTRAINT uq_access_keys_digest UNIQUE (digest);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT uq_accounts_email_folded UNIQUE (email_folded);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT uq_accounts_slug UNIQUE (slug);
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT uq_apps_organization_id_name UNIQUE (organization_id, name);
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT uq_apps_owner_account_id_name UNIQUE (owner_account_id, name);
ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT uq_deployments_app_id_name UNIQUE (app_id, name);
ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT uq_deployments_key UNIQUE (key);
ALTER TABLE ONLY public.identities
    ADD CONSTRAINT uq_identities_account_id_issuer UNIQUE (account_id, issuer);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT uq_jobs_dedupe_key UNIQUE (dedupe_key);
ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT uq_organizations_slug UNIQUE (slug);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT uq_releases_deployment_id_number UNIQUE (deployment_id, number);
ALTER TABLE ONLY public.rollouts
    ADD CONSTRAINT uq_rollouts_deployment_id_number UNIQUE (deployment_id, number);
CREATE INDEX ix_collaborators_account_id ON public.collaborators USING btree (account_id);
CREATE INDEX ix_diffs_blob_id ON public.diffs USING btree (blob_id);
CREATE INDEX ix_events_app_id ON public.events USING btree (app_id);
CREATE INDEX ix_idempotency_keys_created_at ON public.idempotency_keys USING btree (created_at);
CREATE INDEX ix_jobs_state_run_after ON public.jobs USING btree (state, run_after);
CREATE INDEX ix_login_codes_account_id ON public.login_codes USING btree (account_id);
CREATE INDEX ix_organization_members_account_id ON public.organization_members USING btree (account_id);
CREATE INDEX ix_packages_app_id_hash ON public.packages USING btree (app_id, hash);
CREATE INDEX ix_packages_blob_id ON public.packages USING btree (blob_id);
CREATE INDEX ix_releases_package_id ON public.releases USING btree (package_id);
CREATE INDEX ix_rollouts_state ON public.rollouts USING btree (state);
CREATE INDEX ix_uploads_account_id ON public.uploads USING btree (account_id);
CREATE INDEX ix_uploads_app_id ON public.uploads USING btree (app_id);
CREATE TRIGGER tell_of_changed_deployment AFTER DELETE OR UPDATE OF revision ON public.deployments FOR EACH ROW EXECUTE FUNCTION public.tell_of_changed_deployment();
ALTER TABLE ONLY public.access_keys
    ADD CONSTRAINT fk_access_keys_account_id FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT fk_apps_organization_id FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT fk_apps_owner_account_id FOREIGN KEY (owner_account_id) REFERENCES public.accounts(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.collaborators
    ADD CONSTRAINT fk_collaborators_account_id FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.collaborators
    ADD CONSTRAINT fk_collaborators_app_id FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.counter_series
    ADD CONSTRAINT fk_counter_series_deployment_id FOREIGN KEY (deployment_id) REFERENCES public.deployments(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.counters
    ADD CONSTRAINT fk_counters_deployment_id FOREIGN KEY (deployment_id) REFERENCES public.deployments(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT fk_deployments_app_id FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT fk_devices_deployment_id FOREIGN KEY (deployment_id) REFERENCES public.deployments(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.diffs
    ADD CONSTRAINT fk_diffs_blob_id FOREIGN KEY (blob_id) REFERENCES public.blobs(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.diffs
    ADD CONSTRAINT fk_diffs_package_id FOREIGN KEY (package_id) REFERENCES public.packages(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT fk_idempotency_keys_account_id FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.identities
    ADD CONSTRAINT fk_identities_account_id FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.login_codes
    ADD CONSTRAINT fk_login_codes_account_id FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.organization_members
    ADD CONSTRAINT fk_organization_members_account_id FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.organization_members
    ADD CONSTRAINT fk_organization_members_organization_id FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.packages
    ADD CONSTRAINT fk_packages_app_id FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.packages
    ADD CONSTRAINT fk_packages_blob_id FOREIGN KEY (blob_id) REFERENCES public.blobs(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT fk_releases_deployment_id FOREIGN KEY (deployment_id) REFERENCES public.deployments(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT fk_releases_package_id FOREIGN KEY (package_id) REFERENCES public.packages(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.rollouts
    ADD CONSTRAINT fk_rollouts_deployment_id FOREIGN KEY (deployment_id) REFERENCES public.deployments(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.trial_series
    ADD CONSTRAINT fk_trial_series_deployment_id FOREIGN KEY (deployment_id) REFERENCES public.deployments(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.upload_chunks
    ADD CONSTRAINT fk_upload_chunks_upload_id FOREIGN KEY (upload_id) REFERENCES public.uploads(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT fk_uploads_account_id FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT fk_uploads_app_id FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;

"""Users, apps and organizations in the JSON of App Center's dialect."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codepush.server.services.access.roles import permission_of
from codepush.wire import appcenter

if TYPE_CHECKING:
    from codepush.models import AccessKey
    from codepush.server.ports.accounts import AccountRecord
    from codepush.server.ports.apps import AppRecord, CollaboratorRecord, OwnerRecord
    from codepush.server.ports.organizations import MemberRecord, OrganizationRecord
    from codepush.server.services.caller import Caller

__all__ = ["app_shape", "collaborator_shape", "member_shape", "organization_shape", "token_shape", "user_shape"]


def user_shape(account: AccountRecord) -> appcenter.UserShape:
    """Return the JSON fields of the caller's account."""
    return appcenter.UserShape(
        id=appcenter.identifier("user", account.id),
        name=account.slug,
        display_name=account.name,
        email=account.email,
        origin=appcenter.ORIGIN,
        can_change_password=False,
    )


def collaborator_shape(person: CollaboratorRecord) -> appcenter.UserShape:
    """Return the JSON fields of a collaborator."""
    return appcenter.UserShape(
        id=appcenter.identifier("user", person.account_id),
        name=person.slug,
        display_name=person.name,
        email=person.email,
        origin=appcenter.ORIGIN,
        permissions=(appcenter.permission_word(person.permission),),
    )


def token_shape(access_key: AccessKey) -> appcenter.TokenShape:
    """Return the JSON fields of an access key; its secret only if known, right after its creation."""
    created = appcenter.moment(access_key.created_time)
    return appcenter.TokenShape(
        id=appcenter.identifier("token", f"{created} {access_key.name}"),
        description=access_key.name,
        scope=("all",),
        created_at=created,
        expires_at=appcenter.moment(access_key.expires),
        api_token=access_key.key,
    )


def app_shape(app: AppRecord, caller: Caller) -> appcenter.AppShape:
    """Return the JSON fields of an app."""
    part = permission_of(app, caller.account.id)
    return appcenter.AppShape(
        id=appcenter.identifier("app", app.id),
        name=app.name,
        display_name=app.display_name,
        os=app.os or appcenter.UNKNOWN,
        platform=app.platform or appcenter.UNKNOWN,
        origin=appcenter.ORIGIN,
        created_at=_moment(app.created_at),
        owner=_owner_shape(app.owner),
        member_permissions=() if part is None else (appcenter.permission_word(part),),
    )


def organization_shape(organization: OrganizationRecord) -> appcenter.OrganizationShape:
    """Return the JSON fields of an organization."""
    return appcenter.OrganizationShape(
        id=appcenter.identifier("org", organization.id),
        name=organization.slug,
        display_name=organization.name,
        origin=appcenter.ORIGIN,
        created_at=_moment(organization.created_at),
    )


def member_shape(member: MemberRecord) -> appcenter.MemberShape:
    """Return the JSON fields of a member of an organization."""
    return appcenter.MemberShape(
        name=member.slug,
        display_name=member.name,
        email=member.email,
        role=appcenter.role_word(member.role),
    )


def _owner_shape(owner: OwnerRecord) -> appcenter.OwnerShape:
    return appcenter.OwnerShape(
        id=appcenter.identifier(owner.kind, owner.id),
        name=owner.slug,
        display_name=owner.name,
        type=owner.kind,
        email=owner.email,
    )


def _moment(milliseconds: int) -> str:
    return appcenter.moment(datetime.fromtimestamp(milliseconds / 1000, UTC))

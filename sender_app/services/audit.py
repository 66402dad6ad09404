"""Who did what: every order that a person gives is written down before it is carried out."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import NotFound, NotPermitted, RuleViolation
from sender_app.ports.pages import Page
from sender_app.ports.store import Store
from sender_app.ports.store.audit import AuditEntry
from sender_app.services.audit_subjects import subject_of

SIGN_IN, SIGN_OUT, PAIR = "sign_in", "sign_out", "account_pair"
# Method of a service → its name in the log, and the parameters that say what it was about.
ACTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "accounts.create_account": ("account_create", ("label",)),
    "accounts.rename_account": ("account_rename", ("account_id", "label")),
    "accounts.request_pairing": (PAIR, ("phone",)),
    "accounts.stop_pairing": ("account_pair_stop", ()),
    "accounts.unlink": ("account_unlink", ("account_id",)),
    "api_keys.create_key": ("api_key_create", ("name", "role")),
    "api_keys.revoke_key": ("api_key_revoke", ("key_id",)),
    "campaigns.approve": ("campaign_approve", ("campaign_id",)),
    "campaigns.cancel": ("campaign_cancel", ("campaign_id",)),
    "campaigns.delete": ("campaign_delete", ("campaign_id",)),
    "campaigns.pause": ("campaign_pause", ("campaign_id",)),
    "campaigns.restore": ("campaign_restore", ()),
    "campaigns.resolve_unconfirmed": ("campaign_resolve", ("campaign_id",)),
    "campaigns.resume": ("campaign_resume", ("campaign_id",)),
    "campaigns.retry_failed": ("campaign_retry", ("campaign_id",)),
    "campaigns.send_file": ("campaign_send", ("name",)),
    "campaigns.send_back": ("campaign_send_back", ("campaign_id", "note")),
    "campaigns.start": ("campaign_start", ("campaign_id",)),
    "contacts.add_to_group": ("group_add", ("name", "ids")),
    "contacts.check_on_whatsapp": ("contact_check", ("ids",)),
    "contacts.create_contact": ("contact_create", ("draft",)),
    "contacts.delete_contacts": ("contact_delete", ("ids",)),
    "contacts.delete_group": ("group_delete", ("group_id",)),
    "contacts.export": ("contact_export", ()),
    "contacts.join_again": ("group_undo", ()),
    "contacts.leave_again": ("group_undo", ()),
    "contacts.merge": ("contact_merge", ("kept_id",)),
    "contacts.remove_from_group": ("group_take", ("group_id", "ids")),
    "contacts.rename_group": ("group_rename", ("group_id", "name")),
    "contacts.restore_contacts": ("contact_restore", ()),
    "contacts.update_contact": ("contact_update", ("contact_id",)),
    "conversations.answer": ("answer_send", ("conversation_id",)),
    "conversations.resolve_answer": ("answer_resolve", ("conversation_id",)),
    "drafts.clone": ("draft_clone", ("campaign_id",)),
    "drafts.launch": ("draft_launch", ("campaign_id",)),
    "drafts.send_test": ("draft_test", ("phone",)),
    "imports.cancel": ("import_cancel", ("import_id",)),
    "imports.check": ("import_check", ("import_id",)),
    "imports.check_file": ("file_check", ("filename",)),
    "imports.dismiss": ("import_dismiss", ("import_id",)),
    "imports.keep": ("import_upload", ()),
    "imports.start": ("import_start", ("import_id",)),
    "media.add": ("file_add", ("filename",)),
    "members.remove": ("member_remove", ("user_id",)),
    "members.set_role": ("member_role", ("user_id", "role")),
    "opt_outs.add": ("opt_out_add", ()),
    "opt_outs.add_contacts": ("opt_out_add", ("ids",)),
    "opt_outs.remove": ("opt_out_remove", ("phone",)),
    "opt_outs.restore": ("opt_out_restore", ()),
    "sending.send": ("campaign_send", ()),
    "templates.delete_template": ("template_delete", ("template_id",)),
    "templates.restore_template": ("template_restore", ()),
    "templates.save_template": ("template_save", ("name",)),
    "workspaces.update_campaign_rules": (
        "campaign_rules",
        ("rest_days", "needs_approval"),
    ),
    "webhooks.create": ("webhook_create", ("url",)),
    "webhooks.delete": ("webhook_delete", ("webhook_id",)),
    "webhooks.resend": ("webhook_resend", ("webhook_id",)),
    "webhooks.resend_failed": ("webhook_resend", ("webhook_id",)),
    "webhooks.rotate_secret": ("webhook_rotate", ("webhook_id",)),
    "webhooks.send_test": ("webhook_test", ("webhook_id",)),
    "webhooks.set_enabled": ("webhook_enable", ("webhook_id", "enabled")),
    "webhooks.update": ("webhook_update", ("webhook_id", "url")),
    "workspaces.update_opt_out": ("opt_out_words", ("words",)),
    "workspaces.update_workspace": ("workspace_update", ("name",)),
}
Service = TypeVar("Service")


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The workspace's log."""

    store: Store

    def list_entries(
        self, actor: Actor, cursor: str | None = None, limit: int = 50
    ) -> Page[AuditEntry]:
        """Newest first."""
        actor.require(Role.ADMIN)
        return self.store.audit.page(actor.workspace_id, cursor, limit)


def audited(service: Service, name: str, store: Store) -> Service:
    """The service, with those of its methods that ACTIONS names written down.

    An entry is there before the order is carried out, and gets its outcome afterwards: `done`,
    `refused`, a rule's code, or `fault`. One that stays without came from a process that died.
    """
    return cast(Service, _Audited(service, name, store))


class _Audited:
    def __init__(self, service: object, name: str, store: Store) -> None:
        self._service = service
        self._name = name
        self._store = store

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._service, method)
        action = ACTIONS.get(f"{self._name}.{method}")
        return self._noting(found, *action) if action else found

    def _noting(
        self, call: Callable[..., Any], action: str, about: tuple[str, ...]
    ) -> Callable[..., Any]:
        def noted(actor: Actor, *args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(call).bind(actor, *args, **kwargs).arguments
            told = {name: given[name] for name in about if name in given}
            subject = subject_of(self._store, actor.workspace_id, told)
            entry = self._store.audit.append(actor, action, subject)
            outcome = "fault"
            try:
                result = call(actor, *args, **kwargs)
                outcome = "done"
            except NotPermitted:
                outcome = "refused"
                raise
            except RuleViolation as violation:
                outcome = violation.code
                raise
            except NotFound:
                outcome = "not_found"
                raise
            finally:
                self._store.audit.settle(entry, outcome)
            return result

        return noted

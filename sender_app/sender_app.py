"""The Reflex application: its pages, and the HTTP routes beside them."""

import re
from functools import partial

import reflex as rx
from fastapi import FastAPI
from reflex.app import default_error_boundary
from starlette.routing import Mount

from sender_app import logs
from sender_app.api import exports
from sender_app.api import figures as figure_routes
from sender_app.api import health as health_routes
from sender_app.api import imports as import_routes
from sender_app.api import media as media_routes
from sender_app.api import results as results_routes
from sender_app.api import sign_in as sign_in_routes
from sender_app.api.docs import router as docs_routes
from sender_app.api.headers import SecurityHeaders, may_connect
from sender_app.api.requests import Bounded, Requests
from sender_app.api.v1.app import api
from sender_app.components.undoing import toaster
from sender_app.config import settings
from sender_app.local.frontend import script_sources
from sender_app.pages.api_keys import api_keys
from sender_app.pages.audit import audit
from sender_app.pages.campaign import campaign
from sender_app.pages.campaigns import campaigns
from sender_app.pages.compose import compose
from sender_app.pages.connection import connection
from sender_app.pages.contact import contact
from sender_app.pages.contact_import import contact_import
from sender_app.pages.contacts import contacts
from sender_app.pages.dashboard import dashboard
from sender_app.pages.duplicates import duplicates
from sender_app.pages.inbox import inbox
from sender_app.pages.members import members
from sender_app.pages.missing import missing
from sender_app.pages.opt_outs import opt_outs
from sender_app.pages.settings import settings as settings_page
from sender_app.pages.sign_in import sign_in
from sender_app.pages.system import system
from sender_app.pages.templates import templates
from sender_app.pages.webhook import webhook
from sender_app.pages.webhooks import webhooks
from sender_app.states import live
from sender_app.states.api_keys import Keys
from sender_app.states.audit import AuditTrail
from sender_app.states.campaign import Campaign
from sender_app.states.campaigns import CampaignList
from sender_app.states.compose import Compose
from sender_app.states.connection import Connection
from sender_app.states.contact_card import ContactCard
from sender_app.states.contact_import import Importing
from sender_app.states.contacts import ContactBook
from sender_app.states.dashboard import Board
from sender_app.states.duplicates import Duplicates
from sender_app.states.first_steps import FirstSteps
from sender_app.states.inbox import Inbox
from sender_app.states.library import Library
from sender_app.states.members import Team
from sender_app.states.opt_outs import OptOutList
from sender_app.states.ownership import Ownership
from sender_app.states.session import Session
from sender_app.states.settings import Preferences
from sender_app.states.system import Machinery
from sender_app.states.unread import Unread
from sender_app.states.webhook import WebhookCard
from sender_app.states.webhooks import WebhookList

logs.configure(settings().log_level)

routes = FastAPI(title="Sender", docs_url=None, redoc_url=None, openapi_url=None)
routes.include_router(health_routes.router)
routes.include_router(sign_in_routes.router)
routes.include_router(import_routes.router)
routes.include_router(exports.router)
routes.include_router(figure_routes.router)
routes.include_router(results_routes.router)
routes.include_router(media_routes.router)
routes.include_router(docs_routes)
mounted = Mount("/api/v1", api)
# Also a path with a line break in it is answered as the API answers; `.` alone matches none.
mounted.path_regex = re.compile(mounted.path_regex.pattern, re.DOTALL)
routes.routes.append(mounted)
routes.include_router(live.router)

app = rx.App(
    stylesheets=["/sender.css"],
    html_lang="es",
    head_components=[
        rx.el.script(src="/first.js"),
        rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
        rx.el.meta(name="viewport", content="width=device-width, initial-scale=1"),
    ],
    toaster=toaster(),
    api_transformer=[routes, Bounded, Requests, partial(SecurityHeaders, scripts=script_sources)],
    app_wraps={(55, "ErrorBoundary"): lambda _stateful: default_error_boundary()},
)

app.add_middleware(Ownership(), index=0)
if app.sio is not None:
    # Reflex knows a list only, and with an empty one looks at nobody's origin.
    app.sio.eio.cors_allowed_origins = may_connect

for page, route, title, load in (
    (dashboard, "/", "Sender", [Board.load, FirstSteps.load]),
    (connection, "/whatsapp", "WhatsApp · Sender", Connection.load),
    (compose, "/messages", "Mensajes · Sender", Compose.load),
    (templates, "/templates", "Plantillas · Sender", Library.load),
    (campaigns, "/campaigns", "Campañas · Sender", CampaignList.load),
    (campaign, "/campaigns/[campaign_id]", "Campaña · Sender", [Campaign.begin, Campaign.load]),
    (inbox, "/inbox", "Respuestas · Sender", Inbox.load),
    (contacts, "/contacts", "Contactos · Sender", ContactBook.load),
    (members, "/members", "Integrantes · Sender", Team.load),
    (api_keys, "/api-keys", "Claves de API · Sender", Keys.load),
    (audit, "/audit", "Registro · Sender", AuditTrail.load),
    (contact_import, "/contacts/import", "Importar · Sender", Importing.load),
    (contact, "/contacts/[contact_id]", "Contacto · Sender", ContactCard.load),
    (duplicates, "/duplicates", "Duplicados · Sender", Duplicates.load),
    (opt_outs, "/opt-outs", "Bajas · Sender", OptOutList.load),
    (settings_page, "/settings", "Ajustes · Sender", Preferences.load),
    (webhooks, "/webhooks", "Webhooks · Sender", WebhookList.load),
    (webhook, "/webhooks/[webhook_id]", "Webhooks · Sender", WebhookCard.load),
    (system, "/system", "Sistema · Sender", Machinery.load),
):
    app.add_page(
        page,
        route=route,
        title=title,
        on_load=[Session.load, Unread.look, *(load if isinstance(load, list) else [load])],
    )
app.add_page(sign_in, route="/sign-in", title="Sender", on_load=Session.greet)
app.add_page(missing, route="404", title="Sender", on_load=[Session.load, Unread.look])

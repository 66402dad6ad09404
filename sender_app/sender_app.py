"""The Reflex application: its pages, and the HTTP routes beside them."""

import reflex as rx
from fastapi import FastAPI
from reflex.app import default_error_boundary

from sender_app import logs
from sender_app.api import imports as import_routes
from sender_app.api import results as results_routes
from sender_app.api import sign_in as sign_in_routes
from sender_app.config import settings
from sender_app.pages.campaign import campaign
from sender_app.pages.campaigns import campaigns
from sender_app.pages.compose import compose
from sender_app.pages.connection import connection
from sender_app.pages.contact_import import contact_import
from sender_app.pages.contacts import contacts
from sender_app.pages.dashboard import dashboard
from sender_app.pages.settings import settings as settings_page
from sender_app.pages.sign_in import sign_in
from sender_app.pages.templates import templates
from sender_app.states.campaign import Campaign
from sender_app.states.campaigns import CampaignList
from sender_app.states.compose import Compose
from sender_app.states.connection import Connection
from sender_app.states.contact_import import Importing
from sender_app.states.contacts import ContactBook
from sender_app.states.dashboard import Board
from sender_app.states.library import Library
from sender_app.states.session import Session
from sender_app.states.settings import Preferences

logs.configure(settings().log_level)

routes = FastAPI(title="Sender", docs_url=None, redoc_url=None, openapi_url=None)
routes.include_router(sign_in_routes.router)
routes.include_router(import_routes.router)
routes.include_router(results_routes.router)

app = rx.App(
    stylesheets=["/sender.css"],
    html_lang="es",
    head_components=[
        rx.el.script(src="/first.js"),
        rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
        rx.el.meta(name="viewport", content="width=device-width, initial-scale=1"),
    ],
    toaster=rx.toast.provider(rich_colors=True, close_button=True, position="bottom-right"),
    api_transformer=routes,
    app_wraps={(55, "ErrorBoundary"): lambda _stateful: default_error_boundary()},
)

for page, route, title, load in (
    (dashboard, "/", "Sender", Board.load),
    (connection, "/whatsapp", "WhatsApp · Sender", Connection.load),
    (compose, "/messages", "Mensajes · Sender", Compose.load),
    (templates, "/templates", "Plantillas · Sender", Library.load),
    (campaigns, "/campaigns", "Campañas · Sender", CampaignList.load),
    (campaign, "/campaigns/[campaign_id]", "Campaña · Sender", [Campaign.begin, Campaign.load]),
    (contacts, "/contacts", "Contactos · Sender", ContactBook.load),
    (contact_import, "/contacts/import", "Importar · Sender", Importing.load),
    (settings_page, "/settings", "Ajustes · Sender", Preferences.load),
):
    app.add_page(
        page,
        route=route,
        title=title,
        on_load=[Session.load, *(load if isinstance(load, list) else [load])],
    )
app.add_page(sign_in, route="/sign-in", title="Sender", on_load=Session.greet)

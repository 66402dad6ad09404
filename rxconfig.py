"""Reflex's configuration; everything about Sender itself is in sender_app/config.py."""

import os

import reflex as rx

from sender_app.local.bundle import Bundle

config = rx.Config(
    app_name="sender_app",
    api_url=os.environ.get("REFLEX_API_URL", "http://localhost:3000"),
    redis_url=os.environ.get("REFLEX_REDIS_URL") or os.environ.get("REDIS_URL"),
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[Bundle()],
    frontend_compression_formats=["brotli", "gzip"],
    disable_plugins=[rx.plugins.SitemapPlugin],
    default_color_mode="system",
    # Nobody but our own pages, unless the settings name others: see sender_app/api/headers.py.
    cors_allowed_origins=[
        one.strip() for one in os.environ.get("CORS_ORIGINS", "").split(",") if one.strip()
    ],
)

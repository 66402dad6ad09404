"""A program that uses the API, in the process of the test."""

import asyncio
from typing import Any

import httpx

from sender_app.api.v1.app import api


class Program:
    """Bears one token. Each call is a request of its own to the real application."""

    def __init__(self, token: str = "") -> None:
        self.token = token

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self.send(method, path, **options))

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Accept-Language": "es"} | options.pop("headers", {})
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}"} | headers
        transport = httpx.ASGITransport(app=api, root_path="/api/v1")
        async with httpx.AsyncClient(transport=transport, base_url="http://sender") as client:
            return await client.request(method, f"/api/v1{path}", headers=headers, **options)

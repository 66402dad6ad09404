"""The web tier: pages, live events and the HTTP routes, on one port."""

from sender_app.web import main

if __name__ == "__main__":
    raise SystemExit(main())

"""The worker: runs RQ workers that serve accounts and do background jobs.

Each account is served by a process of its own, forked by RQ for that job. This process and RQ's
own never load the Go library; they only import the pure-Python part of it, which the forks share.
"""

from sender_app.jobs.pool import main

if __name__ == "__main__":
    raise SystemExit(main())

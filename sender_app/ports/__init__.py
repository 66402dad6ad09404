"""What the services need from the outside world: protocols, and the errors each may raise."""

"""What pages show and what their controls do: one state per page, each handler authorised."""

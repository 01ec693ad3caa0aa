"""The window: pages, widgets and what connects them with the core."""

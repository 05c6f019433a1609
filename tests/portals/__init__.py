"""Replicas of portals, one module a platform, served on loopback by `server.Server`; and the reports they publish."""

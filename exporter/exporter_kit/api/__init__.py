"""The API server as the daemons ask it: who we are, one client, and its errors by what to do."""

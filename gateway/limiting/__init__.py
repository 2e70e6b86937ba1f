"""Rate limits as the gateway keeps them: settings, asking, and what happens without the objects."""

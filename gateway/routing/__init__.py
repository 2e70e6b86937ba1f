"""The route table: its settings, its compiled form, and how a request finds its route."""

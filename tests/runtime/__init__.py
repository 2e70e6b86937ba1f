"""The local runtime against real processes: two small Workers stand in for the project's five."""

// Loaded where an engine asks for a script that it does not need.

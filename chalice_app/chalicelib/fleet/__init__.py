"""Launch and stop: the model catalog, instances, users and roles."""

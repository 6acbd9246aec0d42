"""What requests and answers look like: pydantic models, loaded only when a request needs them."""

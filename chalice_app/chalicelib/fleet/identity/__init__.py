"""Who a person is: tokens, signing in and up, the lockout, the people and their roles."""

"""The security policy: what administrators decide about passwords, sessions, links and second factors."""

# lib/session

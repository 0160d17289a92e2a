"""`umbel migrate`: messages from one broker to another."""

"""Where text or JSON becomes a typed value, with a sentence for every field that is wrong."""

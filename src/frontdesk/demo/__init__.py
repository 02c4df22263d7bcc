"""The demo desk: how it is made, and the tour through it."""

"""Where recorded files come from: unpacking, recognising, finding their parts."""

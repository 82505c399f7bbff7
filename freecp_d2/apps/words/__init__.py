"""Words before they are segmented with: `freecp words check|show|missing|stats`."""

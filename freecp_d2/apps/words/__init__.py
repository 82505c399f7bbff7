"""Words before they are segmented with: `python -m freecp_d2.words check|show|missing|stats`."""

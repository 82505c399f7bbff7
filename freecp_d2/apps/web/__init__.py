"""The web page `freecp web`; only `page` and `server` need Gradio."""

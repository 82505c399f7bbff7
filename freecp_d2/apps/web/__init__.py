"""
The web page: label images with words in a browser.

Only `server` and `page` need Gradio (pip install -e ".[web]").
"""

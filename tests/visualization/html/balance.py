"""A strict HTML reader: every element must be closed, in order."""

from html.parser import HTMLParser

_VOID = {"br", "col", "img", "line", "link", "meta", "rect"}


class Reader(HTMLParser):
    """Collects (name, attributes) of all elements in `tags`, and the text outside of `style`."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in _VOID, f"<{tag}/> closes itself"
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag, **wanted):
        """Attributes of all elements of that name that have the wanted attributes."""
        return [a for t, a in self.tags if t == tag and wanted.items() <= a.items()]


def read(html):
    """Parse a whole document; fails if an element is not closed."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader

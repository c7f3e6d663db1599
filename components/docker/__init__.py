"""Docker engines: reached by docker's own client, the store that one holds, images of releases."""

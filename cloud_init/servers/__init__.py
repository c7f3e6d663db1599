"""Application servers, a file each: `files(host)` and `requirements(server)`."""

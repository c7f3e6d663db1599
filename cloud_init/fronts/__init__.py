"""Front servers, a file each: `files(host)`."""

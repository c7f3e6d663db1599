"""What `./slipway test` needs beside pytest: the app's own tests, and packages."""

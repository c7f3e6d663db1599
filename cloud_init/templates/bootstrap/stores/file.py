from urllib.parse import unquote, urlsplit


def reader(address):
    folder = unquote(urlsplit(address).path)
    return lambda name: open(folder + "/" + name, "rb").read()

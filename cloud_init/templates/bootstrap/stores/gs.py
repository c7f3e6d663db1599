def client(bucket, options):
    from obstore.store import GCSStore

    return GCSStore, {"base_url": options["endpoint"]} if options.get("endpoint") else {}

def client(bucket, options):
    from obstore.store import S3Store

    own = os.environ.get("AWS_ENDPOINT_URL")
    return S3Store, {**({"endpoint": own} if own else {}), **options}

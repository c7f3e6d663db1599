def client(bucket, given):
    from obstore.store import S3Store

    return S3Store, {"credential_provider": role, **options(bucket, given)}

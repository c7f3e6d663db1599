"""A provider of Pulumi's, for tests: `shelf:index:Book`, whose `title` is changed in place and whose `size` replaces it."""

import time
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc


class Shelf(provider_pb2_grpc.ResourceProviderServicer):
    """Keeps nothing: what a book is stands in the state."""

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse()

    def Configure(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: N802
        changed = [name for name in ("title", "size") if request.olds[name] != request.news[name]]
        kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=kind, replaces=[name for name in changed if name == "size"], diffs=changed)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.properties["title"] == "slow":
            time.sleep(0 if request.preview else 5)
        if request.properties["title"] == "refused":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such book")
        return provider_pb2.CreateResponse(id="book", properties=request.properties)

    def Update(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Shelf(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()

"""Join by grpcio. It never acknowledges anything and never pings."""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

address, descriptors = sys.argv[1:]

pool = descriptor_pool.DescriptorPool()
described = descriptor_pb2.FileDescriptorSet()
with open(descriptors, "rb") as f:
    described.ParseFromString(f.read())
for file in described.file:
    pool.Add(file)
factory = message_factory.MessageFactory(pool)
JoinRequest = factory.GetPrototype(pool.FindMessageTypeByName("singoff.v1.JoinRequest"))
JoinResponse = factory.GetPrototype(pool.FindMessageTypeByName("singoff.v1.JoinResponse"))


def requests():
    for line in sys.stdin:
        yield json_format.Parse(line, JoinRequest(), descriptor_pool=pool)


def tell(what):
    print(json.dumps(what), flush=True)


with grpc.insecure_channel(address) as channel:
    join = channel.stream_stream(
        "/singoff.v1.RoomService/Join",
        request_serializer=JoinRequest.SerializeToString,
        response_deserializer=JoinResponse.FromString,
    )
    stream = join(requests())
    try:
        for message in stream:
            tell({"response": json_format.MessageToDict(message, descriptor_pool=pool)})
    except grpc.RpcError:
        pass  # the status tells
    tell({"ended": {"code": stream.code().value[0], "message": stream.details()}})

"""The messages of Terraform's plugin protocol, version 5, as far as they are needed here: numbers and types of fields."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "tfplugin5"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {"bytes": _Field.TYPE_BYTES, "string": _Field.TYPE_STRING, "int64": _Field.TYPE_INT64, "bool": _Field.TYPE_BOOL}

# message: {field: (number, type)}; a type in brackets repeats. Fields that nobody reads here are left out: they are skipped on the wire.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Empty": {},
    "DynamicValue": {"msgpack": (1, "bytes")},
    "Step": {"attribute_name": (1, "string")},
    "AttributePath": {"steps": (1, "[Step]")},
    "Diagnostic": {"severity": (1, "int64"), "summary": (2, "string"), "detail": (3, "string")},
    "Attribute": {"name": (1, "string"), "type": (2, "bytes"), "required": (4, "bool"), "optional": (5, "bool"), "computed": (6, "bool")},
    "NestedBlock": {
        "type_name": (1, "string"),
        "block": (2, "Block"),
        "nesting": (3, "int64"),
        "min_items": (4, "int64"),
        "max_items": (5, "int64"),
    },
    "Block": {"attributes": (2, "[Attribute]"), "block_types": (3, "[NestedBlock]")},
    "Schema": {"version": (1, "int64"), "block": (2, "Block")},
    "NamedSchema": {"key": (1, "string"), "value": (2, "Schema")},
    "Schemas": {"provider": (1, "Schema"), "resources": (2, "[NamedSchema]"), "diagnostics": (4, "[Diagnostic]")},
    "Configure": {"terraform_version": (1, "string"), "config": (2, "DynamicValue")},
    "Configured": {"diagnostics": (1, "[Diagnostic]")},
    "Plan": {
        "type_name": (1, "string"),
        "prior_state": (2, "DynamicValue"),
        "proposed_new_state": (3, "DynamicValue"),
        "config": (4, "DynamicValue"),
    },
    "Planned": {
        "planned_state": (1, "DynamicValue"),
        "requires_replace": (2, "[AttributePath]"),
        "diagnostics": (4, "[Diagnostic]"),
    },
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    made = descriptor_pb2.FileDescriptorProto(name="plugin.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = made.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            inner = kind.strip("[]")
            label = _Field.LABEL_REPEATED if inner != kind else _Field.LABEL_OPTIONAL
            scalar = _SCALARS.get(inner)
            if scalar:
                message.field.add(name=field, number=number, label=label, type=scalar)
            else:
                message.field.add(name=field, number=number, label=label, type=_Field.TYPE_MESSAGE, type_name=f".{_PACKAGE}.{inner}")
    return made


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())


def kind(name: str) -> Any:
    """The class of a message."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))

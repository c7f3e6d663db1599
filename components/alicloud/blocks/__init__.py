"""The building blocks on Alibaba Cloud; `components.alicloud` names the public ones."""

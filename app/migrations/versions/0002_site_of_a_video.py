"""The site of a video, in a column of its own, filled from the addresses that are there."""

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("video_info") as table:
        # A default of the server's: the release before this one adds rows till this one takes over.
        table.add_column(sa.Column("site", sa.String(253), server_default="", nullable=False))
        table.create_index("ix_video_info_site", ["site"])
    video = sa.table("video_info", sa.column("id"), sa.column("url"), sa.column("site"))
    connection = op.get_bind()
    for key, url in connection.execute(sa.select(video.c.id, video.c.url)).all():
        connection.execute(sa.update(video).where(video.c.id == key).values(site=urlsplit(url).hostname or ""))


def downgrade() -> None:
    with op.batch_alter_table("video_info") as table:
        table.drop_index("ix_video_info_site")
        table.drop_column("site")

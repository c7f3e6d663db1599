"""The four tables, as they were first."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_info",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user_info"),
        sa.UniqueConstraint("email", name="uq_user_info_email"),
    )
    op.create_table(
        "video_info",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_video_info"),
        sa.ForeignKeyConstraint(["user_id"], ["user_info.id"], name="fk_video_info_user_id"),
        sa.UniqueConstraint("user_id", "url", name="uq_video_info_user_id_url"),
    )
    op.create_table(
        "content_main",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_main"),
        sa.ForeignKeyConstraint(["author_id"], ["user_info.id"], name="fk_content_main_author_id"),
    )
    op.create_table(
        "github_info",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(39), nullable=False),
        sa.Column("repo", sa.String(100), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_github_info"),
        sa.UniqueConstraint("login", "repo", name="uq_github_info_login_repo"),
    )


def downgrade() -> None:
    for table in ("github_info", "content_main", "video_info", "user_info"):
        op.drop_table(table)

-- Roadmaps and their milestones. Times are RFC 3339 in UTC with milliseconds: they sort as text.
CREATE TABLE roadmaps (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  summary TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
  owner_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  revision INTEGER NOT NULL
) STRICT;

-- The order of the listing, and the key that its cursors carry.
CREATE INDEX roadmaps_by_creation ON roadmaps (created_at DESC, id DESC);

CREATE TABLE milestones (
  id TEXT PRIMARY KEY,
  roadmap_id TEXT NOT NULL REFERENCES roadmaps (id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  due_on TEXT,
  done INTEGER NOT NULL CHECK (done IN (0, 1)),
  position INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;

CREATE INDEX milestones_by_roadmap ON milestones (roadmap_id, position, id);

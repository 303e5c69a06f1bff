-- What run folders hold, found faster. All of it may be thrown away and read anew.
-- A home is a POLYPHASE_HOME on one machine: several may share a database, and none knows the others' folders.

CREATE TABLE runs (
  home VARCHAR(64) NOT NULL,
  id VARCHAR(12) NOT NULL,
  name TEXT NOT NULL,
  folder TEXT NOT NULL,
  status VARCHAR(20),
  message TEXT,
  polyphase TEXT,
  started TIMESTAMP WITH TIME ZONE,
  updated TIMESTAMP WITH TIME ZONE,
  phase VARCHAR(200),
  phase_folder VARCHAR(250),
  finished_phases INTEGER NOT NULL,
  num_phases INTEGER NOT NULL,
  -- As run.json and the folder of training checkpoints were when they were read.
  stamp VARCHAR(400) NOT NULL,
  -- Whether the folder was there when it was looked for last.
  present BOOLEAN NOT NULL,
  PRIMARY KEY (home, id)
);

CREATE TABLE phases (
  home VARCHAR(64) NOT NULL,
  run VARCHAR(12) NOT NULL,
  place INTEGER NOT NULL,
  name VARCHAR(200) NOT NULL,
  type TEXT NOT NULL,
  status VARCHAR(20) NOT NULL,
  steps BIGINT,
  tokens BIGINT,
  trained_values BIGINT,
  seconds DOUBLE PRECISION,
  PRIMARY KEY (home, run, place),
  FOREIGN KEY (home, run) REFERENCES runs (home, id) ON DELETE CASCADE
);

-- Models of phases that are done, and what is kept of a phase on its way, which has a step.
CREATE TABLE checkpoints (
  home VARCHAR(64) NOT NULL,
  run VARCHAR(12) NOT NULL,
  place INTEGER NOT NULL,
  step BIGINT NOT NULL,
  training BOOLEAN NOT NULL,
  folder TEXT NOT NULL,
  PRIMARY KEY (home, run, place, training, step),
  FOREIGN KEY (home, run) REFERENCES runs (home, id) ON DELETE CASCADE
);

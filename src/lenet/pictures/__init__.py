"""Loading pictures: any file, image or array becomes upright RGB, or one sentence that says why not."""

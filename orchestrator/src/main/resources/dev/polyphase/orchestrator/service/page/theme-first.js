// Runs before anything is drawn: the theme that was chosen here before, or none for the system's.
try {
  const chosen = localStorage.getItem('polyphase.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing follows the system.
}

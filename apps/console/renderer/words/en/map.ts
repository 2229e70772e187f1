export const map = {
  title: 'Map',
  picture: 'Who protects whom',
  list: 'The same as a list',
  described:
    'Servers that are protected stand on the left, those that keep their replicas on the right; the list below says the same.',
  sources: 'Protected',
  targets: 'Keep the replicas',
  strand: '{{source}} is protected by {{target}}',
  notPaired: 'not paired with this console',
  silent: 'does not answer',
};
